"""An app that only tests have: kinds of jobs to try the worker with, and moments at which to kill it."""
