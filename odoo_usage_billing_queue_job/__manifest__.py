{
    "name": "Usage Billing: Queue Jobs",
    "summary": "Billing runs as queue jobs: several workers and hosts share the chunks",
    "version": "19.0.1.0.0",
    "category": "Accounting/Accounting",
    "author": "Odoo Usage Suite, Odoo Community Association (OCA)",
    "website": "https://github.com/OCA/contract",
    "license": "AGPL-3",
    "depends": ["odoo_usage_billing", "queue_job"],
    "data": ["data/queue_job.xml"],
    "auto_install": True,
}
