// A phone for React Native: it signs in, rings, calls a number, shows the cameras and screens of
// others, and one's own.
// Calls stay up when the phone changes between Wi-Fi and its carrier.

import { useEffect, useRef, useState, type ReactElement } from "react";
import NetInfo from "@react-native-community/netinfo";
import { Text, TextInput, TouchableOpacity, View } from "react-native";
import { MediaStream, RTCPeerConnection, RTCView, mediaDevices } from "react-native-webrtc";
import { Client, type Call, type Incoming, type RemoteVideo } from "@skygenesisenterprise/skybridge";

interface Props {
  url: string; // "https://pbx.example"
  token: () => Promise<string>; // from your own sign-in
}

export function Phone({ url, token }: Props): ReactElement {
  const client = useRef<Client | null>(null);
  const [call, setCall] = useState<Call | null>(null);
  const [incoming, setIncoming] = useState<Incoming | null>(null);
  const [videos, setVideos] = useState<readonly RemoteVideo[]>([]);
  const [camera, setCamera] = useState<MediaStream | null>(null);
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
      // Sound is played by the system.
      made.on("video", () => setVideos([...made.videos]));
      made.on("videoEnded", () => setVideos([...made.videos]));
      made.on("camera", () => setCamera(made.camera as MediaStream | null));
      made.on("state", ({ state, cause }) => {
        setLine(cause || state);
        if (state !== "ended" && state !== "failed") return;
        setCall(null);
        setCamera(null);
      });
    } catch (error) {
      setLine(String(error));
    }
  };

  return (
    <View>
      <Text>{line}</Text>
      {videos.map(({ participant, kind, stream }) => (
        <RTCView key={`${participant}:${kind}`} streamURL={(stream as MediaStream).toURL()} objectFit={kind === "screen" ? "contain" : "cover"} />
      ))}
      {camera && <RTCView streamURL={camera.toURL()} objectFit="cover" mirror />}
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
          <TouchableOpacity onPress={() => void (camera ? call.stopCamera() : call.startCamera())}><Text>Camera</Text></TouchableOpacity>
          <TouchableOpacity onPress={() => void call.hangUp()}><Text>Hang up</Text></TouchableOpacity>
        </>
      ) : (
        <>
          <TextInput value={number} onChangeText={setNumber} />
          <TouchableOpacity onPress={() => client.current && void talk(() => client.current!.call(number, { receiveVideo: true }))}>
            <Text>Call</Text>
          </TouchableOpacity>
        </>
      )}
    </View>
  );
}
