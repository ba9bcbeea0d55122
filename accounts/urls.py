"""Pages of room 0. Signing in and passwords are allauth's."""

from django.urls import include, path

from accounts.views import (
    audit,
    home,
    invitations,
    members,
    platform,
    preferences,
    sessions,
    settings,
    sign_in_settings,
)

app_name = "accounts"
_settings = [
    path("", settings.home, name="settings-home"),
    path("workspace/", settings.workspace, name="settings-workspace"),
    path("members/", members.member_list, name="settings-members"),
    path("members/invite/", invitations.invite, name="settings-member-invite"),
    path("members/leave/", members.leave, name="settings-member-leave"),
    path("members/ownership/", members.ownership, name="settings-member-ownership"),
    path("members/<uuid:key>/", members.member, name="settings-member"),
    path(
        "members/<uuid:key>/remove/",
        members.member_remove,
        name="settings-member-remove",
    ),
    path(
        "invitations/<uuid:key>/renew/",
        invitations.renew,
        name="settings-member-invitation-renew",
    ),
    path(
        "invitations/<uuid:key>/revoke/",
        invitations.revoke,
        name="settings-member-invitation-revoke",
    ),
    path("applications/", settings.applications, name="settings-applications"),
    path("sign-in/", sign_in_settings.page, name="settings-sign-in"),
    path(
        "sign-in/rules/<uuid:key>/delete/",
        sign_in_settings.delete_rule,
        name="settings-sign-in-rule-delete",
    ),
    path("audit/", audit.audit_list, name="settings-audit"),
    path("audit/export.csv", audit.audit_csv, name="settings-audit-csv"),
    path("audit/export.jsonl", audit.audit_json_lines, name="settings-audit-jsonl"),
    path("audit/verify/", audit.audit_verify, name="settings-audit-verify"),
]
urlpatterns = [
    path("", home.home, name="home"),
    path("preferences/", preferences.update, name="preferences-update"),
    path("account/sessions/", sessions.page, name="session-list"),
    path("account/sessions/end/", sessions.end, name="session-end"),
    path("invitations/<str:token>/", invitations.invitation, name="invitation"),
    path(
        "invitations/<str:token>/account/",
        invitations.account,
        name="invitation-account",
    ),
    path("platform/sign-ins/", platform.sign_in_list, name="platform-sign-ins"),
    path(
        "platform/sign-ins/export.csv",
        platform.sign_in_csv,
        name="platform-sign-ins-csv",
    ),
    path("w/<slug:workspace_slug>/settings/", include(_settings)),
]
