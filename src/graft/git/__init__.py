"""Git repositories, through the git program: bare mirrors of them, and what a commit holds."""
