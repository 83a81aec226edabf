"""The painting page: segments of photos in a browser, and masks painted on them."""
