"""Lockfiles of other package managers, read into one neutral form. None is ever written."""
