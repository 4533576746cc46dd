// The least of React Native and NetInfo that the example and react-native-webrtc's types
// use: an app has the real ones.

declare module "react-native" {
  import type { ComponentType, ReactNode } from "react";
  export interface ViewProps {
    children?: ReactNode;
    style?: unknown;
  }
  export const View: ComponentType<ViewProps>;
  export const Text: ComponentType<ViewProps>;
  export const TextInput: ComponentType<ViewProps & { value?: string; onChangeText?(text: string): void }>;
  export const TouchableOpacity: ComponentType<ViewProps & { onPress?(): void }>;
  export type HostComponent<P> = ComponentType<P>;
  export const NativeModules: Record<string, unknown>;
  export type EmitterSubscription = { remove(): void };
}

declare module "@react-native-community/netinfo" {
  const NetInfo: { addEventListener(listener: (state: { isConnected: boolean | null }) => void): () => void };
  export default NetInfo;
}
