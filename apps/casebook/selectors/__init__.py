"""What the pages show, put together from the apps below: everything for one actor, blinding applied."""
