"""Objects by integrity, slots by graph key. Nothing above knows how bytes lie on disk."""
