"""Indices: folders of descriptors, each of which says what there is of one package."""
