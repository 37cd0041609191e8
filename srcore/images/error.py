"""Why a file cannot be used as an image."""


class ImageError(Exception):
    """Why a file cannot be used as an image, in a few words."""


class NotAnImageError(ImageError):
    """It is of no kind that is read: a text, say, and not a damaged image."""
