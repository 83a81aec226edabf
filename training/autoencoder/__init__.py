"""Learning a descriptor by reconstruction: an autoencoder whose latent is what is kept of a photo."""
