"""An app that only tests have: kinds of jobs to try the worker with."""
