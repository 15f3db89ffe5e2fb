using System.Text;
using Starling.Core.Engine;
using Starling.Core.Tasks;
using Starling.Runtime.Kernels;

namespace Starling.Tests.Runtime.Kernels;

public sealed class HitCheckTests
{
    private const string Genesis =
        "0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d00000000";

    private const string GenesisHash = "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f";

    [Theory]
    [InlineData(true, 0, $"2083236893 {GenesisHash}\n")]
    [InlineData(false, 1, $"2083236893 {GenesisHash}\n")] // of another piece
    [InlineData(false, 0, $"2083236892 {GenesisHash}\n")]
    [InlineData(false, 0, $"2083236893 {GenesisHash}")]
    [InlineData(false, 0, $"2083236893 {GenesisHash}\n\n")]
    [InlineData(false, 0, $"02083236893 {GenesisHash}\n")]
    [InlineData(false, 0, $"+2083236893 {GenesisHash}\n")]
    [InlineData(false, 0, $"6378204189 {GenesisHash}\n")] // the same nonce after 32 bits
    [InlineData(false, 0, $"2083236893 {GenesisHash}\n2083236893 {GenesisHash}\n")]
    [InlineData(false, 0, "2083236893 000000000019D6689C085AE165831E934FF763AE46A2A6C172B3F1B60A8CE26F\n")]
    [InlineData(false, 0, "2083236893 00\n")]
    [InlineData(false, 0, "2083236893\n")]
    [InlineData(false, 0, "\n")]
    [InlineData(false, 0, "")]
    [InlineData(false, 0, "99999999999999999999999 00\n")]
    public void ANonce_IsHashedAgain(bool isHit, int piece, string content) => Assert.Equal(
        isHit,
        Check("sha256d-search", [new("count", "20000000"), new("header", Genesis), new("start", "2080000000")]).IsHit(piece, Encoding.ASCII.GetBytes(content)));

    [Theory]
    [InlineData(true, "3 eccbc87e4b5ce2fe28308fd9f2a7baf3\n")]
    [InlineData(false, "4 a87ff679a2f3e71d9181a67b7542122c\n")] // of the other piece
    [InlineData(false, "3 eccbc87e4b5ce2fe28308fd9f2a7baf4\n")]
    [InlineData(false, "3 eccbc87e4b5ce2fe28308fd9f2a7baf3\n3 eccbc87e4b5ce2fe28308fd9f2a7baf3\n")]
    public void AnInteger_IsHashedAgain(bool isHit, string content) => Assert.Equal(
        isHit,
        Check("hash-search", [new("algorithm", "md5"), new("at", "end"), new("count", "8"), new("start", "0"), new("zero-bits", "0")])
            .IsHit(0, Encoding.ASCII.GetBytes(content)));

    private static IHitCheck Check(string name, KernelParameter[] parameters)
    {
        var info = new TaskInfo
        {
            Name = "search",
            Run = new RunSpec.Kernel(name, parameters),
            Files = [new OutputFile("search", 2)],
            Verify = new VerifySpec.Own(),
            Until = Until.First,
        };
        Assert.True(KernelRegistry.TryCreate((RunSpec.Kernel)info.Run, info, out IKernel? kernel, out _));
        return Assert.IsAssignableFrom<IHitCheck>(kernel);
    }
}
