"""What a person sees, and how every command ends."""
