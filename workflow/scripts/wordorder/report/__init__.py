"""What people look at: figures, tables, model cards."""
