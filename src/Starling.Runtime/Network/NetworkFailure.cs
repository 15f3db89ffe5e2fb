using System;
using System.ComponentModel;
using System.IO;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;

namespace Starling.Runtime.Network;

/// <summary>Tells failures of the world, which become reasons, from bugs, which stop the process.</summary>
internal static class NetworkFailure
{
    /// <summary>Whether sockets and TLS report their failures this way.</summary>
    public static bool Is(Exception exception) => exception
        is IOException or SocketException or AuthenticationException or OperationCanceledException or ObjectDisposedException
        or CryptographicException or Win32Exception || IsOfTls(exception);

    /// <summary>The end of a TLS connection that the peer ended at the same moment lets an exception out that only its library knows.</summary>
    private static bool IsOfTls(Exception exception) => exception.GetType().Assembly == typeof(SslStream).Assembly;

    /// <summary>The innermost cause in one line without a full stop: the outer ones only say that there is an inner one.</summary>
    public static string Describe(Exception exception)
    {
        while (exception.InnerException is { } inner)
        {
            exception = inner;
        }

        return exception.Message.ReplaceLineEndings(" ").Trim().TrimEnd('.');
    }
}
