"""`/api/` of room 2; a workspace may be named by those whose token reaches several."""

from accounts.api.addresses import twice
from whatsapp.views import api_messages, api_reads

app_name = "whatsapp-api"
urlpatterns = [
    *twice("leads", api_reads.list_leads, name="leads"),
    *twice("leads/<uuid:key>", api_reads.lead, name="lead"),
    *twice("conversations", api_reads.list_conversations, name="conversations"),
    *twice("conversations/<uuid:key>", api_reads.conversation, name="conversation"),
    *twice(
        "conversations/<uuid:key>/messages",
        api_reads.conversation_messages,
        name="conversation-messages",
    ),
    *twice("messages", api_messages.messages, name="messages"),
    *twice("messages/<uuid:key>", api_messages.message, name="message"),
]
