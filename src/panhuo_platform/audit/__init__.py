"""What happened, in a chain that shows every change: sign-ins, views of personal data, exports, decisions, rights."""
