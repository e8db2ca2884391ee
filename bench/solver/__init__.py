"""The flat solver beside what others answer, and how long they take."""
