"""Architectures of networks that describing photos and training share: modules of PyTorch, and their weights."""
