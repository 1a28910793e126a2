from . import portal, portal_invoice
