"""Pages of the central server: one's own account, and for its admins who may come in."""

from django.urls import path

from accounts.central.views import account, applications, invitations, people
from accounts.views import preferences

app_name = "central"
urlpatterns = [
    path("", account.home, name="home"),
    path("preferences/", preferences.update, name="preferences-update"),
    path("email/confirm/", account.ask_for_proof, name="address-confirm"),
    path("access/<str:pk>/end/", account.end_access, name="access-end"),
    path("applications/", applications.index, name="application-list"),
    path("applications/new/", applications.new, name="application-new"),
    path("applications/<str:pk>/", applications.detail, name="application-detail"),
    path(
        "applications/<str:pk>/secret/", applications.secret, name="application-secret"
    ),
    path("applications/<str:pk>/state/", applications.state, name="application-state"),
    path(
        "applications/<str:pk>/delete/", applications.delete, name="application-delete"
    ),
    path("people/", people.index, name="person-list"),
    path("people/<int:pk>/state/", people.state, name="person-state"),
    path("people/<int:pk>/vouch/", people.vouch, name="person-vouch"),
    path("api/invitations", invitations.create, name="invitation-create"),
    path("invited/<str:token>", invitations.accept, name="invited"),
]
