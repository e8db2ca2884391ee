"""The ground floor: diagnostics, files, locks, HTTP, processes. It knows nothing of packages."""
