"""Why a target is not what is on the shelf."""
