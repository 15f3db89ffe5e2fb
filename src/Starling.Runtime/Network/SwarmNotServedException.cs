using System.Security.Authentication;

namespace Starling.Runtime.Network;

/// <summary>A peer asks, behind its encryption, for a swarm that is not served here.</summary>
internal sealed class SwarmNotServedException() : AuthenticationException("The peer wants a swarm that is not served here.");
