"""What is generated in READMEs."""
