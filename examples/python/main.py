"""Creates a room, sends a message, lists the room's messages, and reads why a call was refused.

usage: MARU_TOKEN=… python main.py host:port
"""

import os
import sys
import uuid
from pathlib import Path

# Generated modules import each other from the root of what was generated.
sys.path.append(str(Path(__file__).parent / "gen"))

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from maru.chat.v1 import actor_pb2, content_pb2, error_reason_pb2
from maru.chat.v1 import message_service_pb2, message_service_pb2_grpc
from maru.chat.v1 import room_service_pb2, room_service_pb2_grpc


def main(address: str, token: str) -> None:
    # Without TLS, as `npm start` serves. Elsewhere: grpc.secure_channel, whose credentials carry the token for all calls.
    with grpc.insecure_channel(address) as channel:
        call = {"metadata": [("authorization", f"Bearer {token}")], "timeout": 10}
        rooms = room_service_pb2_grpc.RoomServiceStub(channel)
        messages = message_service_pb2_grpc.MessageServiceStub(channel)

        created = rooms.CreateRoom(
            room_service_pb2.CreateRoomRequest(
                actor=service(),
                kind="group",
                title="From Python",
                members=[{"user_id": "ada"}, {"user_id": "grace"}],
            ),
            **call,
        )
        room_id = created.room.room_id
        print("created", room_id)

        # With a key the call may be repeated, after a lost answer for example: the message is stored once.
        sent = messages.SendMessage(
            message_service_pb2.SendMessageRequest(
                room_id=room_id,
                actor=user("ada"),
                content=text("hello from Python"),
                idempotency_key=str(uuid.uuid4()),
            ),
            **call,
        )
        print("sent", sent.entry.seq)

        request = message_service_pb2.ListMessagesRequest(room_id=room_id, after=0)
        while True:
            page = messages.ListMessages(request, **call)
            for entry in page.entries:
                print("listed", entry.seq, entry.actor.user_id, entry.message_sent.content.text.text)
            if not page.next_page_token:
                break
            request.page_token = page.next_page_token

        try:
            messages.SendMessage(
                message_service_pb2.SendMessageRequest(room_id=room_id, actor=user("eve"), content=text("let me in")),
                **call,
            )
        except grpc.RpcError as error:
            info = error_info(error)
            if info is None or info.reason != reason_name(error_reason_pb2.ERROR_REASON_NOT_A_MEMBER):
                raise
            print("refused", info.reason, info.metadata["user_id"])
        else:
            raise RuntimeError("eve was not refused as she should be")


def error_info(error: grpc.RpcError) -> error_details_pb2.ErrorInfo | None:
    """Says why a call was refused; None when the error does not come from Maru. docs/errors.md has all reasons."""
    status = rpc_status.from_call(error)
    for detail in status.details if status else ():
        info = error_details_pb2.ErrorInfo()
        if detail.Unpack(info):
            return info
    return None


def reason_name(reason: int) -> str:
    return error_reason_pb2.ErrorReason.Name(reason)


def service() -> actor_pb2.Actor:
    return actor_pb2.Actor(service=actor_pb2.ServiceActor())


def user(user_id: str) -> actor_pb2.Actor:
    return actor_pb2.Actor(user_id=user_id)


def text(said: str) -> content_pb2.Content:
    return content_pb2.Content(text=content_pb2.Text(text=said))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: MARU_TOKEN=… python main.py host:port")
    main(sys.argv[1], os.environ.get("MARU_TOKEN", ""))
