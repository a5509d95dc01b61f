"""What all pages share: lists with filters, tags of templates."""
