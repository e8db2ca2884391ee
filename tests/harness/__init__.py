"""What tests stand on: a registry to install from, a machine to install on, and archives."""
