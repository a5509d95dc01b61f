"""The commands of ``panhuo``, one file a subject."""
