class AsteriskVoIPClient {
    constructor(apiUrl, asteriskConfig) {
        this.apiUrl = apiUrl;
        this.asteriskConfig = asteriskConfig;
        this.peerConnection = null;
    }

    async initiateCall(extension, callType = 'audio') {
        try {
            // Create call via SGE API
            const response = await fetch(`${this.apiUrl}/api/v1/voip/calls`, {
                method: 'POST',
                headers: {
                    'Content-Type': 'application/json',
                    'Authorization': `Bearer ${this.getToken()}`
                },
                body: JSON.stringify({
                    participants: [`SIP/${extension}`],
                    call_type: callType
                })
            });

            const callData = await response.json();

            // Initialize WebRTC with Asterisk information
            await this.setupWebRTC(callData);

            return callData;
        } catch (error) {
            console.error('Error initiating call:', error);
            throw error;
        }
    }

    async setupWebRTC(callData) {
        const configuration = {
            iceServers: [
                { urls: 'stun:stun.skygenesisenterprise.com:19302' }
            ]
        };

        this.peerConnection = new RTCPeerConnection(configuration);

        // ICE candidate handling
        this.peerConnection.onicecandidate = (event) => {
            if (event.candidate) {
                this.sendSignaling(callData.id, 'ice_candidate', event.candidate);
            }
        };

        // Media track handling
        this.peerConnection.ontrack = (event) => {
            const remoteAudio = document.getElementById('remote-audio');
            remoteAudio.srcObject = event.streams[0];
        };

        // Add local tracks
        const localStream = await navigator.mediaDevices.getUserMedia({
            audio: true,
            video: false
        });

        localStream.getTracks().forEach(track => {
            this.peerConnection.addTrack(track, localStream);
        });
    }

    async sendSignaling(callId, messageType, payload) {
        await fetch(`${this.apiUrl}/api/v1/voip/calls/${callId}/signaling`, {
            method: 'POST',
            headers: {
                'Content-Type': 'application/json',
                'Authorization': `Bearer ${this.getToken()}`
            },
            body: JSON.stringify({
                to_user: 'asterisk',
                message_type: messageType,
                payload: payload
            })
        });
    }

    getToken() {
        return localStorage.getItem('sge_jwt_token');
    }
}

// Usage
const voipClient = new AsteriskVoIPClient('https://api.skygenesisenterprise.com');
await voipClient.initiateCall('1001', 'audio');
