import { RTCPeerConnection, RTCView } from 'react-native-webrtc';

class VoIPCall extends Component {
    constructor(props) {
        super(props);
        this.peerConnection = null;
    }

    async startCall = async () => {
        // Create call via API
        const callResponse = await this.createCall();
        const callId = callResponse.id;

        // Initialize WebRTC
        this.peerConnection = new RTCPeerConnection(rtcConfiguration);

        // Configure events
        this.setupPeerConnection();

        // Get media permissions
        const stream = await mediaDevices.getUserMedia({
            audio: true,
            video: true
        });

        // Add tracks
        stream.getTracks().forEach(track => {
            this.peerConnection.addTrack(track, stream);
        });

        // Create and send offer
        const offer = await this.peerConnection.createOffer();
        await this.peerConnection.setLocalDescription(offer);

        await this.sendSignaling(callId, 'offer', offer);
    }

    setupPeerConnection = () => {
        this.peerConnection.onicecandidate = (event) => {
            if (event.candidate) {
                this.sendSignaling(this.callId, 'ice_candidate', event.candidate);
            }
        };

        this.peerConnection.onaddstream = (event) => {
            this.setState({ remoteStream: event.stream });
        };
    }

    render() {
        return (
            <View>
                <RTCView streamURL={this.state.remoteStream} />
                <TouchableOpacity onPress={this.startCall}>
                    <Text>Call</Text>
                </TouchableOpacity>
            </View>
        );
    }
}
