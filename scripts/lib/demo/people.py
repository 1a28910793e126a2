"""Who works and who pays in the demo: three logins, one company, one customer."""

from odoo import Command

LOGINS = {
    "manager": ("Mara Vermeer", "odoo_usage_billing.group_usage_manager"),
    "accountant": ("Adil Costa", "account.group_account_manager"),
}
CUSTOMER_LOGIN = "customer"


def company(env):
    """The company with a chart of accounts, a zone and a name."""
    main = env.ref("base.main_company")
    if not env["account.journal"].search([("type", "=", "sale"), ("company_id", "=", main.id)], limit=1):
        env["account.chart.template"].try_loading("generic_coa", main)
    main.write({"name": "Harbour Business Services", "usage_tz": "Europe/Brussels"})
    main.partner_id.write({"street": "Quay 12", "zip": "2000", "city": "Antwerp", "country_id": env.ref("base.be").id})
    return main


def staff(env):
    """The back-office logins; each password is the login, for this demo on this machine."""
    for login, (name, group) in LOGINS.items():
        env["res.users"].with_context(no_reset_password=True).create(
            {
                "name": name,
                "login": login,
                "password": login,
                "email": f"{login}@harbour.example",
                "tz": "Europe/Brussels",
                "group_ids": [
                    Command.link(env.ref("base.group_user").id),
                    Command.link(env.ref(group).id),
                ],
            }
        )


def customer(env):
    """The customer with a portal login."""
    partner = env["res.partner"].create(
        {
            "name": "Brightwater Media",
            "is_company": True,
            "street": "Canal Street 8",
            "zip": "9000",
            "city": "Ghent",
            "country_id": env.ref("base.be").id,
            "email": "office@brightwater.example",
        }
    )
    person = env["res.partner"].create(
        {
            "name": "Lena Brook",
            "parent_id": partner.id,
            "email": "lena@brightwater.example",
        }
    )
    env["res.users"].with_context(no_reset_password=True).create(
        {
            "name": person.name,
            "login": CUSTOMER_LOGIN,
            "password": CUSTOMER_LOGIN,
            "partner_id": person.id,
            "tz": "Europe/Brussels",
            "group_ids": [Command.set(env.ref("base.group_portal").ids)],
        }
    )
    return partner, person
