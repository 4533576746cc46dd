import { RTCPeerConnection, RTCView } from 'react-native-webrtc';

class VoIPCall extends Component {
    constructor(props) {
        super(props);
        this.peerConnection = null;
    }

    async startCall = async () => {
        // Créer l'appel via API
        const callResponse = await this.createCall();
        const callId = callResponse.id;

        // Initialiser WebRTC
        this.peerConnection = new RTCPeerConnection(rtcConfiguration);

        // Configuration des événements
        this.setupPeerConnection();

        // Obtenir les permissions média
        const stream = await mediaDevices.getUserMedia({
            audio: true,
            video: true
        });

        // Ajouter les tracks
        stream.getTracks().forEach(track => {
            this.peerConnection.addTrack(track, stream);
        });

        // Créer et envoyer l'offre
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
                    <Text>Appeler</Text>
                </TouchableOpacity>
            </View>
        );
    }
}
