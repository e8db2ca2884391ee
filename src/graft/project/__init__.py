"""What a project asks for, and the settings in force there."""
