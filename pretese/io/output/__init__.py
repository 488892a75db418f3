"""Results on disk: files and folders written whole or not at all, manifests, locks."""
