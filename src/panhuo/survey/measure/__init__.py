"""Measuring: from the delivered layers to one row of facts a parcel."""
