"""The frozen types that every floor above speaks: names, requirements, manifests, graphs."""
