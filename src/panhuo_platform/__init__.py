"""The web platform of Panhuo. It stands on :mod:`panhuo`, which knows nothing of it."""
