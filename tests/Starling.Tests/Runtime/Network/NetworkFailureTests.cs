using System;
using System.IO;
using System.Net.Security;
using System.Net.Sockets;
using Starling.Runtime.Network;

namespace Starling.Tests.Runtime.Network;

/// <summary>What connections fail with is a reason for their end; everything else is a bug.</summary>
public sealed class NetworkFailureTests
{
    [Fact]
    public void Failures_of_sockets_and_of_the_stream_are_of_the_world_and_bugs_are_not()
    {
        Assert.True(NetworkFailure.Is(new SocketException()));
        Assert.True(NetworkFailure.Is(new IOException()));
        Assert.False(NetworkFailure.Is(new InvalidOperationException()));
        Assert.False(NetworkFailure.Is(new ArgumentNullException()));
    }

    /// <summary>Both sides end at once: OpenSSL says "closed already" (error 6), and <c>ShutdownAsync</c> lets its own inner exception out.</summary>
    [Fact]
    public void What_OpenSSL_says_of_a_link_that_both_sides_end_is_of_the_world()
    {
        if (typeof(SslStream).Assembly.GetType("Interop+OpenSsl+SslException") is not { } kind)
        {
            // Another system's TLS.
            return;
        }

        var failure = (Exception)System.Runtime.CompilerServices.RuntimeHelpers.GetUninitializedObject(kind);
        Assert.True(NetworkFailure.Is(failure));
    }
}
