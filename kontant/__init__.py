"""The front door: settings, wiring, command line. Only this package knows every other."""
