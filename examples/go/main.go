// Creates a room, sends a message, lists the room's messages, and reads why a call was refused.
// usage: MARU_TOKEN=… go run . host:port
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	chatv1 "example.com/maru-go/gen/maru/chat/v1"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: MARU_TOKEN=… go run . host:port")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := run(ctx, os.Args[1], os.Getenv("MARU_TOKEN")); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, address, token string) error {
	// Without TLS, as `npm start` serves. Elsewhere: credentials.NewTLS(…), and true in bearer.RequireTransportSecurity.
	conn, err := grpc.NewClient(address,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithPerRPCCredentials(bearer(token)))
	if err != nil {
		return err
	}
	defer conn.Close()
	rooms := chatv1.NewRoomServiceClient(conn)
	messages := chatv1.NewMessageServiceClient(conn)

	created, err := rooms.CreateRoom(ctx, &chatv1.CreateRoomRequest{
		Actor:   service(),
		Kind:    "group",
		Title:   "From Go",
		Members: []*chatv1.NewMember{{UserId: "ada"}, {UserId: "grace"}},
	})
	if err != nil {
		return err
	}
	roomID := created.GetRoom().GetRoomId()
	fmt.Println("created", roomID)

	// With a key the call may be repeated, after a lost answer for example: the message is stored once.
	sent, err := messages.SendMessage(ctx, &chatv1.SendMessageRequest{
		RoomId:         roomID,
		Actor:          user("ada"),
		Content:        text("hello from Go"),
		IdempotencyKey: rand.Text(),
	})
	if err != nil {
		return err
	}
	fmt.Println("sent", sent.GetEntry().GetSeq())

	request := &chatv1.ListMessagesRequest{RoomId: roomID, After: proto.Uint32(0)}
	for {
		page, err := messages.ListMessages(ctx, request)
		if err != nil {
			return err
		}
		for _, entry := range page.GetEntries() {
			said := entry.GetMessageSent().GetContent().GetText().GetText()
			fmt.Println("listed", entry.GetSeq(), entry.GetActor().GetUserId(), said)
		}
		if request.PageToken = page.GetNextPageToken(); request.PageToken == "" {
			break
		}
	}

	_, err = messages.SendMessage(ctx, &chatv1.SendMessageRequest{
		RoomId:  roomID,
		Actor:   user("eve"),
		Content: text("let me in"),
	})
	info := errorInfo(err)
	if info.GetReason() != chatv1.ErrorReason_ERROR_REASON_NOT_A_MEMBER.String() {
		return errors.Join(errors.New("eve was not refused as she should be"), err)
	}
	fmt.Println("refused", info.GetReason(), info.GetMetadata()["user_id"])
	return nil
}

// errorInfo says why a call was refused; nil when err does not come from Maru. docs/errors.md has all reasons.
func errorInfo(err error) *errdetails.ErrorInfo {
	for _, detail := range status.Convert(err).Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok {
			return info
		}
	}
	return nil
}

func service() *chatv1.Actor {
	return &chatv1.Actor{Kind: &chatv1.Actor_Service{Service: &chatv1.ServiceActor{}}}
}

func user(id string) *chatv1.Actor {
	return &chatv1.Actor{Kind: &chatv1.Actor_UserId{UserId: id}}
}

func text(text string) *chatv1.Content {
	return &chatv1.Content{Kind: &chatv1.Content_Text{Text: &chatv1.Text{Text: text}}}
}

// bearer is a service's token.
type bearer string

func (token bearer) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer " + string(token)}, nil
}

func (bearer) RequireTransportSecurity() bool { return false }
