// STUN/TURN configuration for NAT traversal
const rtcConfiguration = {
    iceServers: [
        { urls: 'stun:stun.skygenesisenterprise.com:19302' },
        {
            urls: 'turn:turn.skygenesisenterprise.com:3478',
            username: 'user',
            credential: 'password'
        }
    ]
};

// Create peer connection
const peerConnection = new RTCPeerConnection(rtcConfiguration);

// ICE candidate handling
peerConnection.onicecandidate = (event) => {
    if (event.candidate) {
        // Send candidate via signaling
        sendSignalingMessage(callId, 'ice_candidate', {
            candidate: event.candidate
        });
    }
};

// Media track handling
peerConnection.ontrack = (event) => {
    // Add audio/video stream to interface
    const remoteVideo = document.getElementById('remote-video');
    remoteVideo.srcObject = event.streams[0];
};
