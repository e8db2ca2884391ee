"""What a package's own files say of it, found by reading them."""
