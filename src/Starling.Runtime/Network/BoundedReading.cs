using System.IO;
using System.Threading;
using System.Threading.Tasks;

namespace Starling.Runtime.Network;

/// <summary>Reads what strangers send.</summary>
internal static class BoundedReading
{
    private const int StepSize = 8 * 1024;

    /// <summary>Reads to the end; null when there are more than <paramref name="most"/> bytes.</summary>
    public static async Task<byte[]?> ReadAsync(Stream stream, int most, CancellationToken cancellation)
    {
        var all = new MemoryStream();
        var buffer = new byte[StepSize];
        while (await stream.ReadAsync(buffer, cancellation).ConfigureAwait(false) is > 0 and int read)
        {
            if (all.Length + read > most)
            {
                return null;
            }

            all.Write(buffer, 0, read);
        }

        return all.ToArray();
    }
}
