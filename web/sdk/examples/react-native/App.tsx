// A phone for React Native: it signs in, rings, calls a number, and shows video that comes.
// Calls stay up when the phone changes between Wi-Fi and its carrier.

import { useEffect, useRef, useState, type ReactElement } from "react";
import NetInfo from "@react-native-community/netinfo";
import { Text, TextInput, TouchableOpacity, View } from "react-native";
import { MediaStream, RTCPeerConnection, RTCView, mediaDevices } from "react-native-webrtc";
import { Client, type Call, type Incoming } from "@skygenesisenterprise/skybridge";

interface Props {
  url: string; // "https://pbx.example"
  token: () => Promise<string>; // from your own sign-in
}

export function Phone({ url, token }: Props): ReactElement {
  const client = useRef<Client | null>(null);
  const [call, setCall] = useState<Call | null>(null);
  const [incoming, setIncoming] = useState<Incoming | null>(null);
  const [video, setVideo] = useState<string | null>(null);
  const [line, setLine] = useState("Not connected");
  const [number, setNumber] = useState("");

  useEffect(() => {
    const made = new Client({ url, token, environment: { RTCPeerConnection, MediaStream, mediaDevices } });
    client.current = made;
    const off = [
      made.on("incoming", setIncoming),
      made.on("incomingEnded", () => setIncoming(null)),
      NetInfo.addEventListener(() => made.networkChanged()),
    ];
    made.connect().then(() => setLine("Ready"), (error: unknown) => setLine(String(error)));
    return () => {
      for (const stop of off) stop();
      made.close();
    };
  }, [url, token]);

  const talk = async (begin: () => Promise<Call>): Promise<void> => {
    try {
      const made = await begin();
      setIncoming(null);
      setCall(made);
      setLine(made.state);
      made.on("stream", (stream) => {
        // Audio is played by the system; a stream with video is shown.
        if (stream instanceof MediaStream && stream.getVideoTracks().length > 0) setVideo(stream.toURL());
      });
      made.on("state", ({ state, cause }) => {
        setLine(cause || state);
        if (state !== "ended" && state !== "failed") return;
        setCall(null);
        setVideo(null);
      });
    } catch (error) {
      setLine(String(error));
    }
  };

  return (
    <View>
      <Text>{line}</Text>
      {video && <RTCView streamURL={video} objectFit="cover" />}
      {incoming && (
        <>
          <Text>{incoming.caller} calls</Text>
          <TouchableOpacity onPress={() => void talk(() => incoming.accept())}><Text>Accept</Text></TouchableOpacity>
          <TouchableOpacity onPress={() => void incoming.decline()}><Text>Decline</Text></TouchableOpacity>
        </>
      )}
      {call ? (
        <>
          <TouchableOpacity onPress={() => void call.mute(!call.muted)}><Text>Mute</Text></TouchableOpacity>
          <TouchableOpacity onPress={() => void call.hangUp()}><Text>Hang up</Text></TouchableOpacity>
        </>
      ) : (
        <>
          <TextInput value={number} onChangeText={setNumber} />
          <TouchableOpacity onPress={() => client.current && void talk(() => client.current!.call(number, { video: true }))}>
            <Text>Call</Text>
          </TouchableOpacity>
        </>
      )}
    </View>
  );
}
