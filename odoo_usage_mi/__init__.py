from . import consumption, controllers, models
