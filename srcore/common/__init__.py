"""What every room needs: errors, files, tables, progress, tensors, devices, stages."""
