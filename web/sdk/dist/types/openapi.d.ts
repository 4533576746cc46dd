export interface paths {
    "/api/v1/voip/calls": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List calls */
        get: operations["list-calls"];
        put?: never;
        /** Call somebody */
        post: operations["create-call"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/voip/calls/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show a call */
        get: operations["get-call"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/voip/calls/{id}/accept": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Accept a call */
        post: operations["accept-call"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/voip/calls/{id}/dtmf": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Send DTMF digits to the others */
        post: operations["send-dtmf"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/voip/calls/{id}/end": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** End a call */
        post: operations["end-call"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/voip/calls/{id}/hold": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Put the others on hold */
        post: operations["hold-call"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/voip/calls/{id}/layout": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Say how you show the others' video */
        post: operations["set-layout"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/voip/calls/{id}/mute": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Mute yourself */
        post: operations["mute-call"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/voip/calls/{id}/participants": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Call more people into a call */
        post: operations["add-participants"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/voip/calls/{id}/participants/{pid}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Take somebody out of a call */
        delete: operations["remove-participant"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/voip/calls/{id}/quality": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show how well the parties of a call are received */
        get: operations["get-quality"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/voip/calls/{id}/record": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Record a call */
        post: operations["record-call"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/voip/calls/{id}/record/stop": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** End the recording of a call */
        post: operations["stop-recording-call"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/voip/calls/{id}/signaling": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get signaling messages */
        get: operations["get-signaling"];
        put?: never;
        /** Send a signaling message */
        post: operations["send-signaling"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/voip/calls/{id}/transfer": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Have somebody else take your place in a call */
        post: operations["transfer-call"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/voip/calls/{id}/unhold": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Come back from hold */
        post: operations["unhold-call"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/voip/calls/{id}/unmute": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Unmute yourself */
        post: operations["unmute-call"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/voip/messages": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List your messages, newest first */
        get: operations["list-messages"];
        put?: never;
        /** Send a message to a user or a room */
        post: operations["send-message"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/voip/messages/had": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Say which messages are with you: they wait no more */
        post: operations["note-messages-had"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/voip/rooms": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List your rooms, and those you are in */
        get: operations["list-rooms"];
        put?: never;
        /** Make a room */
        post: operations["create-room"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/voip/rooms/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show a room */
        get: operations["get-room"];
        put?: never;
        post?: never;
        /** End a room */
        delete: operations["delete-room"];
        options?: never;
        head?: never;
        /** Change a room */
        patch: operations["change-room"];
        trace?: never;
    };
    "/api/v1/voip/rooms/{id}/external-media": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Join an outside RTP address to a room */
        post: operations["join-external-media"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/voip/rooms/{id}/join": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Join a room, by its id or its number */
        post: operations["join-room"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/voip/rooms/{id}/lock": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Let nobody but moderators in any more */
        post: operations["lock-room"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/voip/rooms/{id}/participants/{pid}/hearing": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Choose who hears somebody, and whom they hear */
        post: operations["set-participant-hearing"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/voip/rooms/{id}/participants/{pid}/kick": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Put somebody out */
        post: operations["kick-participant"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/voip/rooms/{id}/participants/{pid}/mute": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Mute somebody */
        post: operations["mute-participant"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/voip/rooms/{id}/participants/{pid}/role": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Make somebody a moderator, or none */
        post: operations["set-participant-role"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/voip/rooms/{id}/participants/{pid}/unmute": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Unmute somebody */
        post: operations["unmute-participant"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/voip/rooms/{id}/participants/{pid}/volume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Make somebody louder or softer, or what they hear */
        post: operations["set-participant-volume"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/voip/rooms/{id}/record": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Record a room, as a moderator */
        post: operations["record-room"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/voip/rooms/{id}/record/stop": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** End the recording of a room */
        post: operations["stop-recording-room"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/voip/rooms/{id}/unlock": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Let everybody in again */
        post: operations["unlock-room"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/voip/rooms/{id}/whep": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Nothing (RFC 9725 §4.1): the place to POST to is there */
        get: operations["whep-endpoint"];
        put?: never;
        /** Watch a room by WHEP (draft-ietf-wish-whep) */
        post: operations["whep-watch"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/voip/rooms/{id}/whep/{session}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Nothing (RFC 9725 §4.1): the session is there */
        get: operations["whep-session"];
        put?: never;
        post?: never;
        /** End a WHEP session */
        delete: operations["whep-end"];
        options?: never;
        head?: never;
        /** Tell candidates, or begin a new generation of ICE, of a WHEP session (RFC 8840) */
        patch: operations["whep-change"];
        trace?: never;
    };
    "/api/v1/voip/rooms/{id}/whip": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Nothing (RFC 9725 §4.1): the place to POST to is there */
        get: operations["whip-endpoint"];
        put?: never;
        /** Publish into a room by WHIP (RFC 9725) */
        post: operations["whip-publish"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/voip/rooms/{id}/whip/{session}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Nothing (RFC 9725 §4.1): the session is there */
        get: operations["whip-session"];
        put?: never;
        post?: never;
        /** End a WHIP session */
        delete: operations["whip-end"];
        options?: never;
        head?: never;
        /** Tell candidates, or begin a new generation of ICE, of a WHIP session (RFC 8840) */
        patch: operations["whip-change"];
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        Body: {
            /**
             * Format: int64
             * @description How many cameras are shown at most; 0 is as many as the room has, 25
             */
            cameras?: number;
            /**
             * @description speaker, the default: a screen or who speaks large, the others small; grid: all in one size, a screen large; none: no video
             * @enum {string}
             */
            mode?: "speaker" | "grid" | "none";
            /** @description Ids of participants who are shown large, whoever speaks */
            pinned?: string[];
            /** @description How high single videos are drawn, above all else */
            sizes?: components["schemas"]["Size"][];
        };
        CallBody: {
            /** Format: date-time */
            answered_at: string | null;
            bridge_id: string;
            call_type: string;
            /** Format: int64 */
            cause?: number;
            cause_text?: string;
            /** Format: date-time */
            created_at: string;
            created_by: string;
            direction: string;
            /** Format: date-time */
            ended_at: string | null;
            ice_servers: components["schemas"]["ICEServerBody"][] | null;
            id: string;
            metadata: {
                [key: string]: unknown;
            };
            participants: components["schemas"]["ParticipantBody"][] | null;
            /** @description Ids of its recordings */
            recordings: string[];
            room_id?: string;
            /** Format: int64 */
            sip_status?: number;
            /** @enum {string} */
            status: "initiated" | "ringing" | "active" | "ended";
        };
        ChangeRoom: {
            /**
             * Format: int64
             * @description 0 means no limit; nobody is put out by a lower one
             */
            max_participants?: number;
            name?: string;
            /** @description What phones dial */
            number?: string;
            /** @description Empty for none */
            pin?: string;
            settings?: components["schemas"]["ChangeSettings"];
        };
        ChangeSettings: {
            /** @description false ends the recording that is under way */
            allow_recording?: boolean;
            allow_screen_share?: boolean;
            /** @enum {string} */
            bridge_type?: "mixing" | "holding" | "dtmf_events" | "proxy_media";
            /** @description Others wait, with music, until a moderator is there */
            require_moderator?: boolean;
        };
        CreateCall: {
            /** @enum {string} */
            call_type: "audio" | "video" | "screen";
            caller_id?: string;
            /** @description Comes back with the call; at most 16 KiB */
            metadata?: {
                [key: string]: unknown;
            };
            /** @description Endpoints: SIP/1001, WebRTC/user456, SIP/trunk/0123 */
            participants: string[];
            record?: boolean;
            /**
             * Format: int64
             * @description Seconds that phones ring
             */
            timeout?: number;
        };
        CreateRoom: {
            /**
             * Format: int64
             * @description 0 means no limit
             */
            max_participants?: number;
            name: string;
            /** @description What phones dial; made when absent */
            number?: string;
            /** @description What everybody has to know to come in; phones type it, ended by # */
            pin?: string;
            settings?: components["schemas"]["RoomSettings"];
        };
        ExternalMediaBody: {
            /** @enum {string} */
            format: "ulaw" | "alaw" | "g722" | "slin" | "slin16" | "opus";
            /** @description host:port that audio is sent to and taken from */
            host: string;
            /**
             * Format: int64
             * @description Seconds without a packet that end it; 0 is for ever
             */
            timeout?: number;
        };
        ExternalMediaJoined: {
            channel_id: string;
            local_address: string;
            /** Format: int64 */
            local_port: number;
            participant_id: string;
        };
        FieldError: {
            /** @description Where in the request: body.participants[0], query.limit */
            location?: string;
            message: string;
        };
        HadMessages: {
            /** @description Their ids; those that are unknown, or not yours, are passed over */
            ids: string[];
        };
        HearingBody: {
            /** @description everyone, or ids of participants; none is nobody */
            heard_by?: string[] | null;
            /** @description Whom they hear, likewise */
            hears?: string[] | null;
        };
        ICEServerBody: {
            credential?: string;
            urls: string[] | null;
            username?: string;
        };
        InviteMore: {
            /** @description Endpoints, as in POST /calls */
            participants: string[];
        };
        JoinBody: {
            call_id: string;
            ice_servers: components["schemas"]["ICEServerBody"][] | null;
            participant_id: string;
            role: string;
            room_id: string;
        };
        JoinRoom: {
            /** @description A phone to ring into the room, instead of the caller's browser */
            endpoint?: string;
            /** @description Of a room that has pin_required */
            pin?: string;
            /** @enum {string} */
            role?: "participant" | "moderator";
        };
        ListCallBodyBody: {
            items: components["schemas"]["CallBody"][];
            /** @description Of the next page; null on the last one */
            next_cursor: string | null;
        };
        ListMessageBodyBody: {
            items: components["schemas"]["MessageBody"][];
            /** @description Of the next page; null on the last one */
            next_cursor: string | null;
        };
        ListMessageToUserBody: {
            items: components["schemas"]["MessageToUser"][];
            /** @description Of the next page; null on the last one */
            next_cursor: string | null;
        };
        ListRoomBodyBody: {
            items: components["schemas"]["RoomBody"][];
            /** @description Of the next page; null on the last one */
            next_cursor: string | null;
        };
        MessageBody: {
            call_id: string;
            /** Format: date-time */
            created_at: string;
            from_user: string;
            id: string;
            message_type: string;
            /** @description As it was sent */
            payload: unknown;
            reply?: components["schemas"]["MessageBody"];
            /** Format: int64 */
            seq: number;
            to_user: string;
        };
        MessageToUser: {
            body: string;
            /** Format: date-time */
            created_at: string;
            from: string;
            id: string;
            /** @description A user, room:ID or call:ID */
            to: string;
        };
        ParticipantBody: {
            /** @description Sends a camera's video */
            camera: boolean;
            channel_id: string | null;
            codec: string | null;
            endpoint: string;
            /** @description Has put the others on hold */
            held: boolean;
            id: string;
            muted: boolean;
            role: string;
            /** @description Shares a screen */
            screen: boolean;
            /** @enum {string} */
            state: "invited" | "ringing" | "connected" | "reconnecting" | "left";
            user_id: string | null;
        };
        ParticipantQualityBody: {
            channel_id: string | null;
            codec: string | null;
            endpoint: string;
            id: string;
            /**
             * Format: int64
             * @description Packets since the call began that were not protected with the party's key, or not intact (SRTP)
             */
            not_authentic: number;
            /**
             * Format: int64
             * @description Packets since the call began that came again, or too late to tell (SRTP)
             */
            replayed: number;
            /** @description The last minute, one a second, oldest first */
            samples: components["schemas"]["QualitySampleBody"][];
            /** @description Whether the media is encrypted */
            secure: boolean;
        };
        Problem: {
            /** @description A stable name of what is wrong */
            code: string;
            detail?: string;
            /** @description The fields of the request that are wrong */
            errors?: components["schemas"]["FieldError"][] | null;
            /** @description Why a call failed */
            sip?: components["schemas"]["SipStatus"];
            /** @description Of 409: the present state, in which that cannot be done */
            state?: string;
            /** Format: int64 */
            status: number;
            title: string;
            /** @description What the log knows the error by */
            trace_id: string;
            /** @default about:blank */
            type: string;
        };
        QualityBody: {
            call_id: string;
            participants: components["schemas"]["ParticipantQualityBody"][];
        };
        QualitySampleBody: {
            /** Format: date-time */
            at: string;
            /**
             * Format: double
             * @description How long losses of about the last half minute were in a row, by how long they would be at random; 1 is at random
             */
            burst_ratio: number;
            /**
             * Format: int32
             * @description Frames of 20 ms that were made up
             */
            concealed: number;
            /**
             * Format: double
             * @description Audio that waits in the jitter buffer
             */
            delay_ms: number;
            /**
             * Format: double
             * @description Interarrival jitter of RFC 3550
             */
            jitter_ms: number;
            /**
             * Format: int32
             * @description Packets that came after their place was played
             */
            late: number;
            /**
             * Format: int64
             * @description Of what was said last, in -dBov: 0 is loudest, 127 silence; known in rooms
             */
            level: number;
            /**
             * Format: double
             * @description Of lost and late ones
             */
            loss_percent: number;
            /**
             * Format: int32
             * @description Packets that never came
             */
            lost: number;
            /**
             * Format: double
             * @description Estimated mean opinion score, 1 to 4.5
             */
            mos: number | null;
            /**
             * Format: int32
             * @description Came in this second, the late ones too
             */
            packets: number;
            /**
             * Format: double
             * @description Up to 93.2 narrowband, 129 wideband, 148 fullband
             */
            r_factor: number | null;
            /**
             * Format: double
             * @description Of what the party is sent, as it reports
             */
            remote_jitter_ms: number | null;
            /**
             * Format: double
             * @description Of what the party is sent, by its last report (RTCP); null before the first
             */
            remote_loss_percent: number | null;
            /**
             * Format: double
             * @description There and back, by RTCP; null while it is not known
             */
            round_trip_ms: number | null;
            /** @description Whose r_factor and mos these are: narrowband (ITU-T G.107), wideband (G.107.1) or fullband (G.107.2); null with them where nothing came or the codec is unknown. Different scales do not compare */
            scale: string | null;
        };
        Recording: {
            call_id: string | null;
            /** @description Why it failed */
            cause?: string;
            created_by: string;
            /** Format: int64 */
            duration_ms: number;
            /** Format: date-time */
            ended_at: string | null;
            format: string;
            id: string;
            room_id: string | null;
            /**
             * Format: int64
             * @description Of the file, once it is there
             */
            size_bytes: number;
            /** Format: date-time */
            started_at: string;
            /**
             * @description interrupted: the server ended before it did; what there was is kept
             * @enum {string}
             */
            state: "recording" | "done" | "failed" | "interrupted";
            /** @description Where the file is */
            url: string;
        };
        RoomBody: {
            bridge_id: string;
            /** Format: date-time */
            created_at: string;
            created_by: string;
            id: string;
            /** @description Nobody but moderators comes in */
            locked: boolean;
            /** Format: int64 */
            max_participants: number;
            name: string;
            number: string;
            participants: components["schemas"]["RoomParticipantBody"][] | null;
            pin_required: boolean;
            settings: components["schemas"]["RoomSettings"];
        };
        RoomParticipantBody: {
            /** @description Sends a camera's video */
            camera: boolean;
            channel_id: string;
            endpoint: string;
            /** @description everyone, or ids of participants; none is nobody */
            heard_by: string[];
            /** @description Whom they hear, likewise */
            hears: string[];
            id: string;
            /** Format: date-time */
            joined_at: string;
            /**
             * Format: double
             * @description dB, how much louder they hear
             */
            listening: number;
            muted: boolean;
            role: string;
            /** @description Shares a screen */
            screen: boolean;
            /**
             * @description waiting hears music, and is not heard; reconnecting is away for now
             * @enum {string}
             */
            state: "connected" | "waiting" | "reconnecting";
            /**
             * Format: double
             * @description dB, how much louder they are heard
             */
            talking: number;
            user_id: string | null;
        };
        RoomSettings: {
            allow_recording?: boolean;
            allow_screen_share?: boolean;
            /**
             * @description holding: all hear music and nobody else; dtmf_events: digits of members are events of the room; proxy_media: media always passes the server, as in every room
             * @enum {string}
             */
            bridge_type?: "mixing" | "holding" | "dtmf_events" | "proxy_media";
            /** @description Others wait, with music, until a moderator is there */
            require_moderator?: boolean;
        };
        "Send-dtmfRequest": {
            /** @description w is a pause of half a second */
            digits: string;
        };
        SendMessage: {
            /** @enum {string} */
            message_type: "offer" | "answer" | "ice_candidate" | "hangup" | "mute" | "unmute";
            /** @description {sdp, type} of an offer or answer; a candidate, or {candidate}; at most 64 KiB, and 512 KiB of an offer or answer to the server */
            payload?: unknown;
            /** @description A user of the call; the server when absent, server or asterisk */
            to_user?: string;
        };
        SendText: {
            /** @description Text of at most 16 KiB */
            body: string;
            /** @description A user, or room:ID or call:ID for all who are in it */
            to: string;
        };
        "Set-participant-roleRequest": {
            /** @enum {string} */
            role: "participant" | "moderator";
        };
        SipStatus: {
            reason: string;
            /** Format: int64 */
            status: number;
        };
        Size: {
            /** @enum {string} */
            kind: "camera" | "screen";
            /**
             * Format: int64
             * @description Pixels; 0 is not drawn, and not sent
             */
            lines: number;
            /** @description Whose */
            participant: string;
        };
        StartRecording: {
            /**
             * @description 8, 16 or 48 kHz; wav when absent
             * @enum {string}
             */
            format?: "wav" | "wav16" | "wav48";
            /**
             * Format: int64
             * @description Seconds; the server's own limit counts as well
             */
            max_duration?: number;
        };
        TransferCall: {
            /** @description Another call of yours: its other party and that of this call talk to each other, and your part in both ends */
            call_id?: string;
            /** @description Who takes your place, as in participants: they are rung, and your part ends at once */
            to?: string;
        };
        VolumeBody: {
            /**
             * Format: double
             * @description dB, of what they hear
             */
            listening?: number;
            /**
             * Format: double
             * @description dB, of what they say
             */
            talking?: number;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    "list-calls": {
        parameters: {
            query?: {
                limit?: number;
                /** @description next_cursor of the page before */
                cursor?: string;
                /** @description active, oldest first; ended reads the call records, newest first */
                status?: "active" | "ended";
                /** @description Leave out what was made before */
                since?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListCallBodyBody"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "create-call": {
        parameters: {
            query?: never;
            header?: {
                /** @description A repeated request with the same key is answered, not done again */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateCall"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CallBody"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "get-call": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CallBody"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "accept-call": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CallBody"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "send-dtmf": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Send-dtmfRequest"];
            };
        };
        responses: {
            /** @description No Content */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "end-call": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CallBody"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "hold-call": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CallBody"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "set-layout": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Body"];
            };
        };
        responses: {
            /** @description No Content */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "mute-call": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CallBody"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "add-participants": {
        parameters: {
            query?: never;
            header?: {
                /** @description A repeated request with the same key is answered, not done again */
                "Idempotency-Key"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["InviteMore"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CallBody"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "remove-participant": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
                pid: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description No Content */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "get-quality": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["QualityBody"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "record-call": {
        parameters: {
            query?: never;
            header?: {
                /** @description A repeated request with the same key is answered, not done again */
                "Idempotency-Key"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["StartRecording"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Recording"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "stop-recording-call": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Recording"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "get-signaling": {
        parameters: {
            query?: {
                /** @description The seq of the last message seen */
                after?: number;
                /** @description Seconds to wait for a message */
                wait?: number;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListMessageBodyBody"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "send-signaling": {
        parameters: {
            query?: never;
            header?: {
                /** @description A repeated request with the same key is answered, not done again */
                "Idempotency-Key"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SendMessage"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MessageBody"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "transfer-call": {
        parameters: {
            query?: never;
            header?: {
                /** @description A repeated request with the same key is answered, not done again */
                "Idempotency-Key"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TransferCall"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CallBody"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "unhold-call": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CallBody"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "unmute-call": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CallBody"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "list-messages": {
        parameters: {
            query?: {
                limit?: number;
                /** @description next_cursor of the page before */
                cursor?: string;
                /** @description Between you and this user */
                with?: string;
                /** @description To this room, or to the call that is named call:ID */
                room?: string;
                /** @description Those alone that you have not had, oldest first; goes with neither with nor room */
                waiting?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListMessageToUserBody"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "send-message": {
        parameters: {
            query?: never;
            header?: {
                /** @description A repeated request with the same key is answered, not done again */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SendText"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MessageToUser"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "note-messages-had": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["HadMessages"];
            };
        };
        responses: {
            /** @description No Content */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "list-rooms": {
        parameters: {
            query?: {
                limit?: number;
                /** @description next_cursor of the page before */
                cursor?: string;
                /** @description Find the room that phones dial by it, whosever it is */
                number?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListRoomBodyBody"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "create-room": {
        parameters: {
            query?: never;
            header?: {
                /** @description A repeated request with the same key is answered, not done again */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateRoom"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RoomBody"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "get-room": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RoomBody"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "delete-room": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description No Content */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "change-room": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ChangeRoom"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RoomBody"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "join-external-media": {
        parameters: {
            query?: never;
            header?: {
                /** @description A repeated request with the same key is answered, not done again */
                "Idempotency-Key"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ExternalMediaBody"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExternalMediaJoined"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "join-room": {
        parameters: {
            query?: never;
            header?: {
                /** @description A repeated request with the same key is answered, not done again */
                "Idempotency-Key"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["JoinRoom"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JoinBody"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "lock-room": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RoomBody"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "set-participant-hearing": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
                pid: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["HearingBody"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RoomBody"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "kick-participant": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
                pid: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RoomBody"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "mute-participant": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
                pid: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RoomBody"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "set-participant-role": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
                pid: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Set-participant-roleRequest"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RoomBody"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "unmute-participant": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
                pid: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RoomBody"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "set-participant-volume": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
                pid: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["VolumeBody"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RoomBody"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "record-room": {
        parameters: {
            query?: never;
            header?: {
                /** @description A repeated request with the same key is answered, not done again */
                "Idempotency-Key"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["StartRecording"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Recording"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "stop-recording-room": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Recording"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "unlock-room": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RoomBody"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "whep-endpoint": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description No Content */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "whep-watch": {
        parameters: {
            query?: {
                /** @description Of a room that has pin_required */
                pin?: string;
                /** @description Who is seen: their screen, or their camera; whoever speaks when absent */
                participant?: string;
            };
            header?: {
                /** @description A repeated request with the same key is answered, not done again */
                "Idempotency-Key"?: string;
                "Content-Type"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/sdp": string;
            };
        };
        responses: {
            /** @description The answer, with every candidate of ours */
            201: {
                headers: {
                    "Accept-Patch"?: string;
                    "Cache-Control"?: string;
                    "Content-Type"?: string;
                    ETag?: string;
                    Link?: string;
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/sdp": string;
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "whep-session": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
                session: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description No Content */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "whep-end": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
                session: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "whep-change": {
        parameters: {
            query?: never;
            header?: {
                /** @description The entity tag of the present generation; * with the credentials of a new one */
                "If-Match"?: string;
                "Content-Type"?: string;
            };
            path: {
                id: string;
                session: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/trickle-ice-sdpfrag": string;
            };
        };
        responses: {
            /** @description Our part of a new generation */
            200: {
                headers: {
                    "Content-Type"?: string;
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/trickle-ice-sdpfrag": string;
                };
            };
            /** @description The candidates are taken */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Acceptable */
            406: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Conflict */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Gone */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Precondition Failed */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Request Entity Too Large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unsupported Media Type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Precondition Required */
            428: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too Many Requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Gateway Timeout */
            504: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "whip-endpoint": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description No Content */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "whip-publish": {
        parameters: {
            query?: {
                /** @description Of a room that has pin_required */
                pin?: string;
                role?: "participant" | "moderator";
            };
            header?: {
                /** @description A repeated request with the same key is answered, not done again */
                "Idempotency-Key"?: string;
                "Content-Type"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/sdp": string;
            };
        };
        responses: {
            /** @description The answer, with every candidate of ours */
            201: {
                headers: {
                    "Accept-Patch"?: string;
                    "Cache-Control"?: string;
                    "Content-Type"?: string;
                    ETag?: string;
                    Link?: string;
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/sdp": string;
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "whip-session": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
                session: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description No Content */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "whip-end": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
                session: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "whip-change": {
        parameters: {
            query?: never;
            header?: {
                /** @description The entity tag of the present generation; * with the credentials of a new one */
                "If-Match"?: string;
                "Content-Type"?: string;
            };
            path: {
                id: string;
                session: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/trickle-ice-sdpfrag": string;
            };
        };
        responses: {
            /** @description Our part of a new generation */
            200: {
                headers: {
                    "Content-Type"?: string;
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/trickle-ice-sdpfrag": string;
                };
            };
            /** @description The candidates are taken */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Acceptable */
            406: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Conflict */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Gone */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Precondition Failed */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Request Entity Too Large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unsupported Media Type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Precondition Required */
            428: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too Many Requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Gateway Timeout */
            504: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
}
