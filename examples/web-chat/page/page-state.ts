import type { Chat } from "../src/view/chat.ts";

/** What the page shows at the moment. A change is drawn with others of the same moment. */
export interface PageState {
  readonly chat: Chat;
  change(to: (chat: Chat) => Chat): void;
}

export function createPageState(first: Chat, draw: (chat: Chat) => void): PageState {
  let chat = first;
  let isPlanned = false;
  return {
    get chat() {
      return chat;
    },
    change(to) {
      chat = to(chat);
      if (isPlanned) return;
      isPlanned = true;
      // Not with the next frame: pages in the background have none, and their titles change too.
      setTimeout(() => {
        isPlanned = false;
        draw(chat);
      });
    },
  };
}
