import "./draw-room.ts";
import "./backend.ts";
import "./draw-rooms.ts";
